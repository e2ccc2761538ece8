-- A row may owe many events of one type at once: their ids, and a body that is an array in the same order. One row for a batch
-- of authorisations costs a fraction of one for each.
alter table outbox
    alter column body type json,
    alter column body set storage external,
    add column message_ids uuid[],
    alter column message_id drop not null,
    add constraint outbox_ids check ((message_id is null) <> (message_ids is null));
