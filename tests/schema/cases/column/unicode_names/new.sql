CREATE TABLE "표" ("열" int, "größe" numeric(4,1) DEFAULT 1.5);
CREATE INDEX "색인" ON "표" ("größe");
COMMENT ON COLUMN "표"."größe" IS 'Länge';
