CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."a.b" ("c.d" int, CONSTRAINT "k.l" UNIQUE ("c.d"));
CREATE INDEX "i.j" ON "My Schema"."a.b" ("c.d");
CREATE TABLE "x.y" ("c.d" int);
