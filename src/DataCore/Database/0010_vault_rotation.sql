-- A new data key is announced first (ahead): every replica loads it before any record is written under it. A key is retired
-- once no record is left under it.
alter table vault_keys
    add column ahead boolean not null default false,
    add column retired_at timestamptz,
    add constraint announced_or_retired check (not ahead or retired_at is null),
    add constraint data_keys_alone check (purpose = 'PanEncryption' or (not ahead and retired_at is null));
grant update (ahead, retired_at) on vault_keys to {requests};

-- What is left under a key, and in which order it is re-encrypted. A removed card's record has no number.
create index vault_cards_key_version on vault_cards (key_version, card_id) where pan is not null;
grant update (key_version, pan) on vault_cards to {requests};

-- The re-encryption of every record under the next key. One at a time.
create table vault_rotations (
    id           uuid primary key,
    from_version int not null check (from_version > 0),
    to_version   int not null unique check (to_version > from_version),
    done         bigint not null default 0 check (done >= 0),
    started_at   timestamptz not null,
    finished_at  timestamptz
);
create unique index one_rotation_at_a_time on vault_rotations ((true)) where finished_at is null;
grant select, insert, update (done, finished_at) on vault_rotations to {requests};

-- Records that could not be re-encrypted. The others go on without them; their key is not retired.
create table vault_rotation_failures (
    rotation_id uuid not null references vault_rotations,
    card_id     uuid not null,
    reason      text not null check (reason in ('DOES_NOT_OPEN', 'NUMBER_DIFFERS', 'KEY_UNKNOWN')),
    found_at    timestamptz not null,
    primary key (rotation_id, card_id)
);
grant select, insert on vault_rotation_failures to {requests};

-- Whoever writes a number shares the row of its key until he commits; whoever retires the key waits for him, and sees what
-- he wrote. So no record comes to be under a retired key, and no key with a record is retired.
create function written_under_a_key_in_use() returns trigger language plpgsql as $$
begin
    perform 1 from vault_keys
    where purpose = 'PanEncryption' and version = new.key_version and not ahead and retired_at is null
    for share;
    if not found then
        raise exception 'Nothing is written under key version %: it is unknown, not yet in use, or retired.', new.key_version
            using errcode = 'check_violation', table = 'vault_cards', constraint = 'written_under_a_key_in_use';
    end if;
    return new;
end
$$;
create trigger written_under_a_key_in_use before insert or update of key_version, pan on vault_cards
    for each row when (new.pan is not null) execute function written_under_a_key_in_use();

create function retired_without_records() returns trigger language plpgsql as $$
begin
    if old.retired_at is not null then
        raise exception 'A retired key stays retired.'
            using errcode = 'check_violation', table = 'vault_keys', constraint = 'retired_without_records';
    end if;
    if exists (select 1 from vault_cards where key_version = new.version and pan is not null) then
        raise exception 'Records are left under key version %.', new.version
            using errcode = 'check_violation', table = 'vault_keys', constraint = 'retired_without_records';
    end if;
    return new;
end
$$;
create trigger retired_without_records before update of retired_at on vault_keys
    for each row when (old.retired_at is distinct from new.retired_at) execute function retired_without_records();
