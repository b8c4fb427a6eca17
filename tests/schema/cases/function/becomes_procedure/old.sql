CREATE FUNCTION p(a int) RETURNS void LANGUAGE plpgsql AS 'begin end';
