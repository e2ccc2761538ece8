using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace Antaca.BalanceService.Clearing;

internal sealed record StoredClearingFile
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required int Records { get; init; }
    public required int Matched { get; init; }
    public required int Differing { get; init; }
    public required int Unmatched { get; init; }
    public required int Refused { get; init; }
    public required DateTimeOffset UploadedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

internal static class ClearingFileStore
{
    private const string SelectFile =
        """
        select file.id, file.name, file.uploaded_at, file.finished_at, count(*)::int as records,
            count(*) filter (where outcome = 'Matched')::int as matched,
            count(*) filter (where outcome = 'Differing')::int as differing,
            count(*) filter (where outcome = 'Unmatched')::int as unmatched,
            count(*) filter (where outcome = 'Refused')::int as refused
        from clearing_files as file
        join clearing_records as record on record.file_id = file.id
        """;

    private const string LineColumns =
        """
        line, kind, transaction_id, authorization_transaction_id, card_id, amount, currency, original_amount, original_currency, final,
        merchant_mid, merchant_name, merchant_mcc, merchant_country, outcome, rule, detail, posted_to, difference
        """;

    /// <returns>False when the processor has uploaded the same file before.</returns>
    public static async Task<bool> AddFile(this Work work, Guid id, string processor, string name, byte[] digest, DateTimeOffset now) =>
        await work.Change(
            """
            insert into clearing_files (id, processor, name, digest, uploaded_at)
            values (@id, @processor, @name, @digest, @now)
            on conflict (processor, digest) do nothing
            """,
            new { id, processor, name, digest, now }) == 1;

    public static async Task AddRecords(this Work work, Guid fileId, IReadOnlyList<ClearingLine> lines)
    {
        await using var insert = work.Statement(
            """
            insert into clearing_records (
                file_id, line, kind, transaction_id, authorization_transaction_id, card_id, amount, currency, original_amount, original_currency, final,
                merchant_mid, merchant_name, merchant_mcc, merchant_country)
            select $1, line, kind, transaction_id, authorization_transaction_id, card_id, amount, currency, original_amount, original_currency, final,
                merchant_mid, merchant_name, merchant_mcc, merchant_country
            from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) as record (
                line, kind, transaction_id, authorization_transaction_id, card_id, amount, currency, original_amount, original_currency, final,
                merchant_mid, merchant_name, merchant_mcc, merchant_country)
            """);
        insert.Parameters.Add(new() { Value = fileId });
        Column(line => line.Line, NpgsqlDbType.Integer);
        Column(line => line.Kind, NpgsqlDbType.Text);
        Column(line => line.TransactionId, NpgsqlDbType.Text);
        Column(line => line.AuthorizationTransactionId, NpgsqlDbType.Text);
        Column(line => line.CardId, NpgsqlDbType.Uuid);
        Column(line => line.Amount, NpgsqlDbType.Bigint);
        Column(line => line.Currency, NpgsqlDbType.Text);
        Column(line => line.OriginalAmount, NpgsqlDbType.Bigint);
        Column(line => line.OriginalCurrency, NpgsqlDbType.Text);
        Column(line => line.Final, NpgsqlDbType.Boolean);
        Column(line => line.MerchantMid, NpgsqlDbType.Text);
        Column(line => line.MerchantName, NpgsqlDbType.Text);
        Column(line => line.MerchantMcc, NpgsqlDbType.Text);
        Column(line => line.MerchantCountry, NpgsqlDbType.Text);
        await insert.ExecuteNonQueryAsync();

        void Column<T>(Func<ClearingLine, T> value, NpgsqlDbType type) =>
            insert.Parameters.Add(new() { Value = lines.Select(value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    public static Task<StoredClearingFile?> FindFile(this NpgsqlDataSource database, Guid id, string processor, CancellationToken cancel) =>
        database.One<StoredClearingFile>(SelectFile + "\nwhere file.id = @id and file.processor = @processor\ngroup by file.id", new { id, processor }, cancel);

    public static Task<StoredClearingFile?> FindFile(this NpgsqlDataSource database, byte[] digest, string processor, CancellationToken cancel) =>
        database.One<StoredClearingFile>(SelectFile + "\nwhere file.digest = @digest and file.processor = @processor\ngroup by file.id", new { digest, processor }, cancel);

    /// <summary>The records of a file in its order: all, or those that need somebody's eye.</summary>
    public static Task<IReadOnlyList<ClearingLine>> ListRecords(this NpgsqlDataSource database, Guid fileId, bool all, CancellationToken cancel) =>
        database.Many<ClearingLine>(
            "select " + LineColumns + "\nfrom clearing_records where file_id = @fileId and (@all or outcome <> 'Matched') order by line limit @Rows",
            new { fileId, all, Rows = ClearingFile.MaxRecords },
            cancel);

    /// <summary>Records that have no outcome yet, oldest files first, and that no other replica is at.</summary>
    public static async Task<IReadOnlyList<OpenRecord>> TakeOpenRecords(this Work work, int rows)
    {
        var files = (await work.Many<FileOfProcessor>("select id, processor from clearing_files where finished_at is null order by id limit 100"))
            .ToDictionary(file => file.Id, file => file.Processor);
        var taken = await work.Many<LineOfFile>(
            "select file_id, " + LineColumns + "\nfrom clearing_records where file_id = any(@files) and outcome is null order by file_id, line limit @rows for update skip locked",
            new { files = files.Keys.ToArray(), rows });
        return [.. taken.Select(line => new OpenRecord(files[line.FileId], line))];
    }

    public static Task SaveOutcome(this Work work, Guid fileId, ClearingLine line) =>
        work.Change(
            """
            update clearing_records
            set outcome = @Outcome, rule = @Rule, detail = @Detail, posted_to = @PostedTo, difference = @Difference
            where file_id = @fileId and line = @Line and outcome is null
            """,
            new { fileId, line.Line, line.Outcome, line.Rule, line.Detail, line.PostedTo, line.Difference });

    /// <summary>Files of which every record has its outcome.</summary>
    public static Task FinishFiles(this Work work, DateTimeOffset now) =>
        work.Change(
            """
            update clearing_files
            set finished_at = @now
            where finished_at is null and not exists (select from clearing_records where file_id = clearing_files.id and outcome is null)
            """,
            new { now });

    /// <summary>What a record was posted to, if it was.</summary>
    public static Task<Guid?> FindPosted(this NpgsqlDataSource database, string processor, string transactionId, OperationKind kind, CancellationToken cancel) =>
        database.One<Guid?>(
            "select transaction_id from operations where processor_transaction_id = @transactionId and processor = @processor and kind = @kind",
            new { transactionId, processor, kind = kind.ToString() },
            cancel);

    public static Task<MatchedAuthorisation?> FindNamed(this NpgsqlDataSource database, string processor, string transactionId, Guid cardId, CancellationToken cancel) =>
        database.One<MatchedAuthorisation>(
            """
            select id, held, currency, 'TRANSACTION_ID' as rule
            from transactions
            where processor_transaction_id = @transactionId and processor = @processor and type in ('Purchase', 'Cash') and card_id = @cardId
            order by status = 'Declined', id
            limit 1
            """,
            new { processor, transactionId, cardId },
            cancel);

    /// <summary>The authorisation of the card at the merchant that holds closest to the amount; of two alike the older.</summary>
    public static Task<MatchedAuthorisation?> FindAlike(
        this NpgsqlDataSource database, string processor, Guid accountId, ClearingLine line, int tolerancePercent, CancellationToken cancel) =>
        database.One<MatchedAuthorisation>(
            """
            select id, held, currency, 'CARD_MERCHANT_AMOUNT' as rule
            from transactions
            where account_id = @accountId and card_id = @CardId and processor = @processor and held > 0 and currency = @Currency
                and merchant_mid = @MerchantMid and abs(held - @Amount) * 100 <= held * @tolerancePercent
            order by abs(held - @Amount), id
            limit 1
            """,
            new { processor, accountId, line.CardId, line.Currency, line.MerchantMid, line.Amount, tolerancePercent },
            cancel);

    internal sealed record FileOfProcessor
    {
        public required Guid Id { get; init; }
        public required string Processor { get; init; }
    }
}

/// <summary>A record with the file it is of.</summary>
internal sealed record LineOfFile : ClearingLine
{
    public required Guid FileId { get; init; }
}

internal sealed record OpenRecord(string Processor, LineOfFile Line);
