CREATE TABLE "Order" ("select" int PRIMARY KEY, "ünïcode" text, "a""b" text DEFAULT 'x\y');CREATE INDEX "My Index" ON "Order" ("select");COMMENT ON COLUMN "Order"."a""b" IS 'back\slash';
