-- Sessions go with their approvals, and codes a month after they have expired.
create index approvals_session on approvals (session_id);
create index activation_codes_expires_at on activation_codes (expires_at);
grant delete on activation_codes to {requests};
