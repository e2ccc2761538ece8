-- Every write and every reveal, chained: hash = SHA-256 over the hash before and the entry's own words (Audit/AuditChain.cs).
-- Entries can be added and read, by nobody changed or removed.
create table audit_entries (
    position    bigint primary key check (position > 0),
    id          uuid not null unique,
    channel     text not null,
    actor       text not null,
    action      text not null,
    subject     text not null,
    user_id     uuid,
    partner_id  uuid,
    outcome     text,
    trace_id    text,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    hash        bytea not null check (length(hash) = 32)
);
create index audit_entries_actor on audit_entries (actor, position);
create index audit_entries_subject on audit_entries (subject, position);
create index audit_entries_occurred_at on audit_entries (occurred_at);
grant select, insert on audit_entries to {requests};

-- The end of the chain: its row stays locked while an entry is added, so that there is one order.
create table audit_head (
    single   boolean primary key default true check (single),
    position bigint not null,
    hash     bytea not null check (length(hash) = 32)
);
insert into audit_head (position, hash) values (0, decode(repeat('00', 32), 'hex'));
grant select, update on audit_head to {requests};

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'The audit trail can only be added to.';
end
$$;
create trigger append_only before update or delete on audit_entries for each row execute function audit_is_append_only();
create trigger never_emptied before truncate on audit_entries for each statement execute function audit_is_append_only();
