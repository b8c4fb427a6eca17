CREATE TABLE "order" ("select" bigint NOT NULL, "from" text DEFAULT 'x', "user" name CHECK ("user" <> ''));
