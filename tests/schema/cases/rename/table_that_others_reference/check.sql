SELECT count(*) = 1 FROM b JOIN parent ON parent.id = b.a_id;
