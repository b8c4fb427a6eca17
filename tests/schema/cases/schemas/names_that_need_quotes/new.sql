CREATE SCHEMA "My Schema";
CREATE SCHEMA "50%";
CREATE TABLE "50%"."select" (a int);
CREATE TABLE "My Schema"."a.b" ("c.d" bigint, "e.f" serial, CONSTRAINT "k.l" UNIQUE ("c.d"));
CREATE INDEX "i.j" ON "My Schema"."a.b" ("c.d" DESC);
COMMENT ON INDEX "My Schema"."i.j" IS 'an index';
CREATE POLICY "p.q" ON "My Schema"."a.b" USING ("c.d" > 0);
CREATE TABLE "x.y" ("c.d" bigint);
