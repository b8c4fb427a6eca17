-- Which of the wanted roles exist.
SELECT rolname::text AS name, rolsuper AS superuser, rolcanlogin AS login, rolbypassrls AS bypass_rls
FROM pg_roles
WHERE rolname = ANY(%(roles)s)
