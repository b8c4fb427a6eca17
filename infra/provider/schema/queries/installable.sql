-- What the server and this role's rights say of one extension in one version, before it is made, updated or moved.
SELECT EXISTS (SELECT FROM pg_available_extensions() WHERE name = %(name)s) AS available,
       ARRAY(SELECT v.version FROM pg_available_extension_versions() v WHERE v.name = %(name)s ORDER BY 1) AS versions,
       (SELECT extversion FROM pg_extension WHERE extname = %(name)s) AS installed,
       (SELECT pg_get_userbyid(extowner)::text FROM pg_extension WHERE extname = %(name)s) AS owner,
       (SELECT extrelocatable FROM pg_extension WHERE extname = %(name)s) AS relocatable,
       NOT EXISTS (SELECT FROM pg_extension e
                   JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                                       AND d.deptype = 'e'
                   LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
                   LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
                   WHERE e.extname = %(name)s AND NOT pg_has_role(COALESCE(p.proowner, t.typowner), 'USAGE'))
           AS owns_parts,
       EXISTS (SELECT FROM pg_extension e, pg_extension_update_paths(e.extname) p
               WHERE e.extname = %(name)s AND p.source = e.extversion AND p.target = %(version)s AND p.path IS NOT NULL)
           AS reachable,
       %(schema)s::text IS NULL OR to_regnamespace(quote_ident(%(schema)s)) IS NOT NULL AS homed,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
           -- Hosts give their customers' first role a superuser's way here, which PostgreSQL's own tables do not show.
           OR EXISTS (SELECT FROM pg_roles r
                      WHERE r.rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser')
                        AND pg_has_role(r.oid, 'MEMBER'))
           OR %(name)s = ANY (string_to_array(
                  replace(current_setting('supautils.privileged_extensions', true), ' ', ''), ','))
           OR NOT EXISTS (SELECT FROM pg_available_extension_versions() v WHERE v.name = %(name)s AND v.superuser)
           AS privileged,
       COALESCE((SELECT bool_or(v.trusted) FROM pg_available_extension_versions() v WHERE v.name = %(name)s), false)
           AS trusted,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       current_user::text AS role,
       current_database()::text AS database;
