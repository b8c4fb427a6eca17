"""Schemas of any size for the benchmark: the same mix of objects for every table."""

from pathlib import Path

ONE_COLUMN = "ALTER TABLE thing_0001 ADD COLUMN one_more text;\n"


def prelude() -> str:
    """Return what all tables share."""
    return (
        "CREATE TYPE mood AS ENUM ('calm', 'busy', 'gone');\n"
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN NEW.changed_at = now(); RETURN NEW; END$$;\n"
    )


def table(number: int) -> str:
    """Return one table with all that lives on it: 20 objects and comments, and a view on every tenth."""
    name, parent = f"thing_{number:04}", f"thing_{max(1, number - 1):04}"
    lines = [
        f"CREATE TABLE {name} (",
        "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,",
        f"    parent_id bigint CONSTRAINT {name}_parent REFERENCES {parent} (id),",
        "    code text NOT NULL,",
        "    mood mood NOT NULL DEFAULT 'calm',",
        "    amount numeric(12, 2) NOT NULL DEFAULT 0,",
        "    payload jsonb NOT NULL DEFAULT '{}',",
        "    created_at timestamptz NOT NULL DEFAULT now(),",
        "    changed_at timestamptz,",
        f"    CONSTRAINT {name}_code_key UNIQUE (code),",
        f"    CONSTRAINT {name}_amount_check CHECK (amount >= 0)",
        ");",
        f"CREATE INDEX {name}_mood_idx ON {name} (mood, created_at DESC);",
        f"CREATE INDEX {name}_busy_idx ON {name} (changed_at) WHERE mood = 'busy';",
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;",
        f"CREATE POLICY {name}_owner ON {name} USING (code = current_user);",
        f"CREATE TRIGGER touch BEFORE UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION touch();",
        f"COMMENT ON TABLE {name} IS 'Thing {number}';",
        f"COMMENT ON COLUMN {name}.payload IS 'Whatever thing {number} carries';",
    ]
    if number % 10 == 0:
        lines.append(f"CREATE VIEW {name}_busy AS SELECT id, code, amount FROM {name} WHERE mood = 'busy';")
    return "\n".join(lines) + "\n"


def write(folder: Path, tables: int) -> Path:
    """Write a schema of so many tables as a tree of files, and as one script in psql's order; return the script."""
    (folder / "sql" / "tables").mkdir(parents=True)
    (folder / "sql" / "types.sql").write_text(prelude())
    texts = [prelude()]
    for number in range(1, tables + 1):
        text = table(number)
        texts.append(text)
        (folder / "sql" / "tables" / f"thing_{number:04}.sql").write_text(text)
    script = folder / "all.sql"
    script.write_text("".join(texts))
    return script
