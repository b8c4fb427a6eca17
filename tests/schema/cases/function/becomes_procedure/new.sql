CREATE PROCEDURE p(a int) LANGUAGE plpgsql AS 'begin end';
