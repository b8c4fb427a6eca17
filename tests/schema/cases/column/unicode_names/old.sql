CREATE TABLE "표" ("열" int);
