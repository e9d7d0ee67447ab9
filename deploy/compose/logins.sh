#!/bin/sh
# Run once by the postgres image, on an empty data folder: one login for each service.
# The migration makes the group roles and their rights; NOINHERIT, so a login can do nothing before SET ROLE.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set=receiver_password="$RECEIVER_DATABASE_PASSWORD" --set=worker_password="$WORKER_DATABASE_PASSWORD" \
    --set=dashboard_password="$DASHBOARD_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE invoice_export_receiver NOLOGIN;
CREATE ROLE invoice_export_worker NOLOGIN;
CREATE ROLE invoice_export_dashboard NOLOGIN;
CREATE ROLE receiver_login LOGIN NOINHERIT PASSWORD :'receiver_password' IN ROLE invoice_export_receiver;
CREATE ROLE worker_login LOGIN NOINHERIT PASSWORD :'worker_password' IN ROLE invoice_export_worker;
CREATE ROLE dashboard_login LOGIN NOINHERIT PASSWORD :'dashboard_password' IN ROLE invoice_export_dashboard;
SQL
