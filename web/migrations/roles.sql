-- Roles of a service's database. Run once by a superuser of the cluster, before the first migration.
-- owner: migrates, owns every table. app: web processes, bound by row-level security.
-- jobs: background work across learners. auditor: reads.
DO $$
DECLARE role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['manabi_owner', 'manabi_app', 'manabi_jobs', 'manabi_auditor'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role_name);
    END IF;
  END LOOP;
END
$$;
