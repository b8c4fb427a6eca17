CREATE TABLE upward (n int PRIMARY KEY);
CREATE TABLE downward (n int, a text);
CREATE TABLE below_its_start (n int UNIQUE);
CREATE TABLE "By hand" ("Key" int NOT NULL, CONSTRAINT k PRIMARY KEY ("Key"));
CREATE TABLE beyond (n int UNIQUE);
CREATE TABLE empty (n int PRIMARY KEY);
CREATE TABLE shared (a int UNIQUE, b int UNIQUE);
CREATE TABLE texts (code text, label text, n numeric(20, 2) UNIQUE);
