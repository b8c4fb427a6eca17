-- What lies on the database itself, which pg_dump leaves out; a grantee of NULL is PUBLIC.
SELECT
    pg_catalog.pg_get_userbyid(d.datdba) AS owner,
    d.datconnlimit AS connection_limit,
    pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
    (
        SELECT
            pg_catalog.jsonb_agg(
                pg_catalog.jsonb_build_object(
                    'grantor', pg_catalog.pg_get_userbyid(x.grantor),
                    'grantee', r.rolname,
                    'privilege', x.privilege_type,
                    'grantable', x.is_grantable
                )
                -- Whoever passes a privilege on has it from somebody further up.
                ORDER BY x.grantor <> d.datdba, x.place
            )
        FROM
            pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba)))
            WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, place)
        LEFT JOIN pg_catalog.pg_roles AS r ON x.grantee = r.oid
    ) AS grants
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
