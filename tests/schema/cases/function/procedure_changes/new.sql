CREATE PROCEDURE p(a int, INOUT b int) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$;
GRANT EXECUTE ON PROCEDURE p(int, int) TO agent;
