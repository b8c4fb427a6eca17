-- renamed-from: "Old Table"
CREATE TABLE "New Table" (
    -- renamed-from: "Old Column"
    "New Column" int,
    -- renamed-from: "select"
    "from" text
);
