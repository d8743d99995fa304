#!/bin/sh
# Runs once in a new cluster: passwords for the node's roles, and its database.
set -eu
for role in owner app jobs auditor; do
  password=$(cat "/run/secrets/manabi_${role}" 2>/dev/null || cat /run/secrets/postgres)
  psql -v ON_ERROR_STOP=1 -U postgres -v role="manabi_${role}" -v password="$password" <<'SQL'
ALTER ROLE :"role" PASSWORD :'password';
SQL
done
psql -v ON_ERROR_STOP=1 -U postgres -c 'CREATE DATABASE manabi OWNER manabi_owner'
