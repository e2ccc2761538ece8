using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Antaca.BalanceService.Journal;

/// <summary>One line of an export (docs/ledger.md). Amounts are minor units of their currency.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "line")]
[JsonDerivedType(typeof(Header), "header")]
[JsonDerivedType(typeof(Account), "account")]
[JsonDerivedType(typeof(Transaction), "transaction")]
[JsonDerivedType(typeof(Operation), "operation")]
[JsonDerivedType(typeof(Entry), "entry")]
[JsonDerivedType(typeof(Sealed), "seal")]
[JsonDerivedType(typeof(Root), "root")]
[JsonDerivedType(typeof(Trailer), "trailer")]
internal abstract record JournalLine
{
    /// <param name="PublicKey">PEM: what roots are signed under now.</param>
    internal sealed record Header(string Format, int Version, DateTimeOffset Time, string PublicKey) : JournalLine
    {
        public const string ThisFormat = "antaca-ledger";
        public const int ThisVersion = 1;
    }

    internal sealed record Account(Guid Id, Guid Partner, string Kind, string Currency, string Holder, long Posted, long Held) : JournalLine;

    internal sealed record Transaction(
        Guid Id, [property: JsonPropertyName("account")] Guid AccountId, Guid? Backing, bool Remote, string Status, long Authorized, long Held, long Cleared) : JournalLine;

    /// <param name="Held">What it changes of the hold.</param>
    internal sealed record Operation(Guid Id, [property: JsonPropertyName("transaction")] Guid TransactionId, string Kind, long Held, long Amount) : JournalLine;

    /// <param name="Posted">In microseconds since 1970-01-01 UTC.</param>
    internal sealed record Entry(
        long Position,
        Guid Partner,
        [property: JsonPropertyName("transaction")] Guid TransactionId,
        [property: JsonPropertyName("operation")] Guid? OperationId,
        [property: JsonPropertyName("account")] Guid AccountId,
        long Amount,
        string Currency,
        long Posted) : JournalLine;

    /// <param name="Entries">How many there are up to and with this position.</param>
    internal sealed record Sealed(long Position, long Entries, string Hash) : JournalLine;

    /// <param name="Signature">Base64 of 64 bytes, r || s.</param>
    internal sealed record Root(string Day, long Position, long Entries, string Hash, string Signature) : JournalLine;

    internal sealed record Trailer(long Accounts, long Transactions, long Operations, long Entries, long Seals, long Roots) : JournalLine;
}

[JsonSerializable(typeof(JournalLine))]
internal sealed partial class JournalJson : JsonSerializerContext
{
    public static JournalJson Written { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        // It is read by programs, never shown in a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
