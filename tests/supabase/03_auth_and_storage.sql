-- Users, and who is asking: PostgREST puts the claims of a request's token into settings of the transaction.
CREATE TABLE auth.users (
    id uuid PRIMARY KEY,
    aud text,
    role text,
    email text UNIQUE,
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    created_at timestamptz DEFAULT now()
);
ALTER TABLE auth.users OWNER TO supabase_auth_admin;
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
GRANT ALL ON auth.users TO postgres, dashboard_user;

CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE
RETURN coalesce(
    nullif(current_setting('request.jwt.claim', TRUE), ''), nullif(current_setting('request.jwt.claims', TRUE), '')
)::jsonb;

CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('request.jwt.claim.sub', TRUE), ''), auth.jwt() ->> 'sub')::uuid;

CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('request.jwt.claim.role', TRUE), ''), auth.jwt() ->> 'role');

CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('request.jwt.claim.email', TRUE), ''), auth.jwt() ->> 'email');

ALTER FUNCTION auth.jwt() OWNER TO supabase_auth_admin;
ALTER FUNCTION auth.uid() OWNER TO supabase_auth_admin;
ALTER FUNCTION auth.role() OWNER TO supabase_auth_admin;
ALTER FUNCTION auth.email() OWNER TO supabase_auth_admin;

CREATE TABLE storage.buckets (
    id text PRIMARY KEY,
    name text NOT NULL UNIQUE,
    public boolean DEFAULT FALSE,
    created_at timestamptz DEFAULT now()
);
CREATE TABLE storage.objects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    bucket_id text REFERENCES storage.buckets (id),
    name text,
    owner_id text,
    metadata jsonb
);
ALTER TABLE storage.buckets OWNER TO supabase_storage_admin;
ALTER TABLE storage.objects OWNER TO supabase_storage_admin;
ALTER TABLE storage.buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT ALL ON storage.buckets, storage.objects TO postgres, anon, authenticated, service_role;

CREATE TABLE vault.secrets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text UNIQUE, secret text NOT NULL);
GRANT SELECT ON vault.secrets TO postgres, service_role;
