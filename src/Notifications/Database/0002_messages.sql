-- What was handed to the mail and text-message carriers: never a subject, a text or a value of one. The row is held while
-- the carrier is asked; a message that was sent is not sent again.
create table messages (
    id        uuid primary key,
    carrier   text not null check (carrier in ('Email', 'Sms')),
    template  text not null check (template ~ '^[A-Za-z]{1,64}$'),
    to_masked text not null,
    outcome   text not null check (outcome in ('Sent', 'Refused', 'Failed')),
    tries     int not null default 1 check (tries > 0),
    sent_at   timestamptz not null
);
create index messages_sent_at on messages (sent_at);
grant select, insert, update (outcome, tries, sent_at) on messages to {requests};
