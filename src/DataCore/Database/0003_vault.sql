-- Keys wrapped by the master key, which is in no database. A programme has one pair of card verification keys; the
-- suite's own keys have versions.
create table vault_keys (
    id           uuid primary key,
    purpose      text not null check (purpose in ('PanEncryption', 'PanLookup', 'PanPermutation', 'References', 'CardVerification')),
    version      int not null check (version > 0),
    programme_id uuid references programmes,
    wrapped      bytea not null,
    created_at   timestamptz not null,
    constraint of_a_programme check ((purpose = 'CardVerification') = (programme_id is not null))
);
create unique index vault_keys_version on vault_keys (purpose, version) where programme_id is null;
create unique index vault_keys_programme on vault_keys (programme_id) where programme_id is not null;
grant select, insert on vault_keys to {requests};

-- The only place where a PAN is stored: AES-256-GCM, authenticated with card_id and key_version. No CVV and no PIN.
create table vault_cards (
    card_id       uuid primary key,
    partner_id    uuid not null references partners,
    programme_id  uuid not null references programmes,
    key_version   int not null,
    pan           bytea not null,
    pan_hmac      bytea not null unique check (length(pan_hmac) = 32),
    masked_pan    text not null check (masked_pan ~ '^[0-9]{6}\*{6}[0-9]{4}$'),
    expiry        date not null,
    cvv_counter   int not null default 0 check (cvv_counter >= 0),
    created_at    timestamptz not null
);
grant select, insert on vault_cards to {requests};

-- Every one-time reference that was used, by whom and for which card: what makes it one-time, and the log of reveals.
create table vault_reference_uses (
    reference_id uuid primary key,
    kind         text not null check (kind in ('cardNo', 'cvv', 'pin', 'pinBlock')),
    card_id      uuid,
    used_by      text not null,
    used_for     text not null check (used_for in ('Reveal', 'Identify')),
    used_at      timestamptz not null
);
grant select, insert on vault_reference_uses to {requests};
create index vault_reference_uses_card on vault_reference_uses (card_id, used_at);
