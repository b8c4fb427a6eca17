CREATE TABLE "Old Table" ("Old Column" int, "select" text);
