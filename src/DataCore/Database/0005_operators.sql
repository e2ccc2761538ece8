-- Who works with the administration panel. totp_secret is sealed under an OperatorSecrets key; totp_step is the last time
-- step that was accepted, so that no code works twice.
create table operators (
    id            uuid primary key,
    email         text not null unique check (email = lower(email) and length(email) between 3 and 254),
    name          text not null check (length(name) between 1 and 128),
    role          text not null check (role in ('Employee', 'Manager', 'Admin')),
    status        text not null check (status in ('Invited', 'Active', 'Locked')),
    password_hash text,
    totp_secret   bytea,
    totp_step     bigint not null default 0,
    wrong_tries   int not null default 0 check (wrong_tries between 0 and 5),
    locked_until  timestamptz,
    created_at    timestamptz not null,
    constraint active_has_factors check (status <> 'Active' or (password_hash is not null and totp_secret is not null)),
    constraint factors_together check ((password_hash is null) = (totp_secret is null)),
    constraint lock_out_of_the_locked check (locked_until is null or status = 'Locked')
);
create index operators_newest on operators (created_at, id);
grant select, insert, update (role, status, password_hash, totp_secret, totp_step, wrong_tries, locked_until) on operators to {requests};

-- Invitations and password resets, each by the SHA-256 of the link's token.
create table operator_links (
    hash        text primary key check (hash ~ '^[0-9a-f]{64}$'),
    operator_id uuid not null references operators,
    kind        text not null check (kind in ('Invitation', 'Reset')),
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    ended_at    timestamptz
);
create unique index operator_links_one_live on operator_links (operator_id, kind) where ended_at is null;
create index operator_links_operator on operator_links (operator_id, created_at);
grant select, insert, update (ended_at) on operator_links to {requests};

-- Between the right password and the second factor.
create table operator_challenges (
    hash        text primary key check (hash ~ '^[0-9a-f]{64}$'),
    operator_id uuid not null references operators,
    expires_at  timestamptz not null
);
create index operator_challenges_expires_at on operator_challenges (expires_at);
create index operator_challenges_operator on operator_challenges (operator_id);
grant select, insert, delete on operator_challenges to {requests};

create table operator_sessions (
    id           uuid primary key,
    token_hash   text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
    operator_id  uuid not null references operators,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    used_at      timestamptz not null,
    ended_at     timestamptz,
    ended_reason text check (ended_reason in ('Logout', 'Locked', 'RoleChanged', 'CredentialsChanged')),
    constraint ended_with_reason check ((ended_at is null) = (ended_reason is null))
);
create index operator_sessions_live on operator_sessions (operator_id) where ended_at is null;
create index operator_sessions_expires_at on operator_sessions (expires_at);
grant select, insert, update (used_at, ended_at, ended_reason), delete on operator_sessions to {requests};
