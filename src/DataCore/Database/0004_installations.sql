-- Keys for what people type, and for the operators' second factors.
alter table vault_keys drop constraint vault_keys_purpose_check;
alter table vault_keys add constraint vault_keys_purpose_check check (purpose in (
    'PanEncryption', 'PanLookup', 'PanPermutation', 'References', 'CardVerification', 'Credentials', 'OperatorSecrets'));

alter table programmes
    add column idle_minutes      int not null default 5 check (idle_minutes between 1 and 60),
    add column self_registration boolean not null default false;

-- The app on one device of one user. device_key and encryption_key are public JWKs.
create table installations (
    id             uuid primary key,
    partner_id     uuid not null references partners,
    user_id        uuid not null references users,
    device_id      text not null check (length(device_id) between 1 and 128),
    device_name    text not null check (length(device_name) between 1 and 64),
    device_key     text not null,
    encryption_key text,
    pin_hash       text not null,
    wrong_pins     int not null default 0 check (wrong_pins between 0 and 5),
    created_at     timestamptz not null,
    used_at        timestamptz not null,
    ended_at       timestamptz,
    ended_reason   text check (ended_reason in ('Paired', 'Removed', 'PinTries', 'UserDeleted')),
    constraint ended_with_reason check ((ended_at is null) = (ended_reason is null))
);
create unique index installations_one_active on installations (user_id, device_id) where ended_at is null;
create index installations_user on installations (user_id, created_at);
grant select, insert, update (wrong_pins, used_at, ended_at, ended_reason) on installations to {requests};

-- A code that lets a user pair a device. A newer one replaces it; five wrong tries use it up.
create table activation_codes (
    id         uuid primary key,
    user_id    uuid not null references users,
    code_hash  text not null,
    wrong      int not null default 0 check (wrong between 0 and 5),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at   timestamptz
);
create unique index activation_codes_one_live on activation_codes (user_id) where ended_at is null;
create index activation_codes_user on activation_codes (user_id, created_at);
grant select, insert, update (wrong, ended_at) on activation_codes to {requests};

-- What a device signs to prove itself, once. Stored as SHA-256; deleted when it is used.
create table challenges (
    hash            text primary key check (hash ~ '^[0-9a-f]{64}$'),
    installation_id uuid not null references installations,
    expires_at      timestamptz not null
);
create index challenges_installation on challenges (installation_id, expires_at);
create index challenges_expires_at on challenges (expires_at);
grant select, insert, delete on challenges to {requests};

-- A session by the SHA-256 of its token. idle_seconds is the programme's at the time it began.
create table sessions (
    id              uuid primary key,
    token_hash      text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
    partner_id      uuid not null references partners,
    user_id         uuid not null references users,
    installation_id uuid not null references installations,
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    idle_seconds    int not null check (idle_seconds between 60 and 3600),
    used_at         timestamptz not null,
    ended_at        timestamptz,
    ended_reason    text check (ended_reason in ('Logout', 'Paired', 'Removed', 'UserLocked', 'UserDeleted', 'PinTries')),
    constraint ended_with_reason check ((ended_at is null) = (ended_reason is null))
);
create index sessions_live on sessions (installation_id) where ended_at is null;
create index sessions_of_user on sessions (user_id) where ended_at is null;
create index sessions_expires_at on sessions (expires_at);
grant select, insert, update (used_at, ended_at, ended_reason), delete on sessions to {requests};

-- A step-up: one action on one card, once, by one installation. Stored as SHA-256.
create table approvals (
    hash            text primary key check (hash ~ '^[0-9a-f]{64}$'),
    installation_id uuid not null references installations,
    session_id      uuid not null references sessions on delete cascade,
    action          text not null check (action in ('card.reveal', 'card.pin')),
    card_id         uuid not null,
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    used_at         timestamptz
);
create index approvals_expires_at on approvals (expires_at);
grant select, insert, update (used_at), delete on approvals to {requests};
