-- Roles of a service's database. Run by a superuser of the cluster, before the migrations.
-- owner: migrates, owns every table. app: web processes, bound by row-level security.
-- jobs: background work across learners. auditor: reads. lodging: what app becomes while it takes in a request of
-- another organisation; it reaches no table of any learner.
-- Running it again, for a newer release, adds what is missing.
DO $$
DECLARE role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['manabi_owner', 'manabi_app', 'manabi_jobs', 'manabi_auditor'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role_name);
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'manabi_lodging') THEN
    CREATE ROLE manabi_lodging NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
  GRANT manabi_lodging TO manabi_app;
END
$$;
