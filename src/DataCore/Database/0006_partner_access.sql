-- From where a partner may call, for whose key its answers are sealed, and whom to warn.
alter table partners
    add column contact_email  text check (length(contact_email) between 3 and 254),
    add column networks       cidr[] not null default '{}' check (cardinality(networks) <= 64),
    add column encryption_key text;
grant update (name, contact_email, networks, encryption_key) on partners to {requests};

grant update (name, remote_url, digital_first, kyc_mode, auto_balance, session_minutes, idle_minutes, self_registration, card_validity_months)
    on programmes to {requests};

-- issued_for: the partner under whose name an operator had it signed; of a processor's certificate too.
alter table certificates
    add column subject    text not null default '',
    add column issued_for uuid references partners,
    add column issued_by  text not null default 'suite',
    add column not_before timestamptz,
    add column key_hash   text check (key_hash ~ '^[0-9a-f]{64}$'),
    add column warned_at  timestamptz;
create unique index certificates_serial on certificates (serial);
create index certificates_issued_for on certificates (issued_for, created_at);
create index certificates_expiring on certificates (not_after) where revoked_at is null and warned_at is null;
grant update (warned_at) on certificates to {requests};
