using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Antaca.LedgerVerifier;

/// <summary>
/// Recomputes the books of an export, whose format docs/ledger.md describes, a line at a time. It keeps the accounts, the
/// transactions whose entries do not sum to zero yet, and nothing else.
/// </summary>
public sealed class Verifier : IDisposable
{
    private const string Format = "antaca-ledger";
    private const int Version = 1;
    private const int MaxNamed = 20;
    private const long MicrosecondsOfADay = 86_400_000_000;

    private static readonly string[] _order = ["header", "account", "transaction", "entry", "trailer"];

    private readonly Check _file = new("The file is whole");
    private readonly Check _postings = new("Entries sum to zero by transaction, partner and currency");
    private readonly Check _posted = new("What accounts have posted is the sum of their entries");
    private readonly Check _holds = new("What transactions hold is what was authorised and what operations changed");
    private readonly Check _held = new("What accounts have held is what transactions hold on them");
    private readonly Check _available = new("Nothing available is below zero");
    private readonly Check _chain = new("Entries come to the sealed hashes");
    private readonly Check _roots = new("Every day's root is the chain's, and signed");

    private readonly List<ECDsa> _keys = [];
    private readonly List<string> _named = [];
    private readonly Dictionary<string, Account> _accounts = [];
    private readonly Dictionary<(string Transaction, string Partner, string Currency), (Int128 Sum, long Position)> _open = [];
    private readonly Dictionary<string, long> _lines = [];

    private bool _keyIsTheExports;
    private long _line;
    private int _stage = -1;
    private Transaction? _transaction;

    private byte[] _hash = new byte[SHA256.HashSizeInBytes];
    private long _position;
    private long _number;
    private long _entries;
    private long _sealed;
    private DateOnly? _lastDay;

    public bool AllRight => Checks.All(check => check.Faults == 0);

    private IEnumerable<Check> Checks => [_file, _postings, _posted, _holds, _held, _available, _chain, _roots];

    /// <summary>Roots may be signed under any of these keys: several where the books' own was replaced.</summary>
    /// <param name="pem">One or more public keys on P-256 in PEM.</param>
    public void Trust(string pem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var found))
        {
            var key = ECDsa.Create();
            _keys.Add(key);
            key.ImportFromPem(rest[found.Location]);
            rest = rest[found.Location.End..];
        }
        if (_keys.Count == 0)
        {
            throw new ArgumentException("There is no public key in PEM.", nameof(pem));
        }
    }

    public void Read(string line)
    {
        _line++;
        try
        {
            using var parsed = JsonDocument.Parse(line);
            var read = parsed.RootElement;
            var kind = Text(read, "line");
            if (Follows(kind))
            {
                _lines[kind] = Lines(kind) + 1;
                Read(kind, read);
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or ArgumentException or CryptographicException or OverflowException)
        {
            Fault(_file, $"line {_line} cannot be read: {unreadable.Message}");
        }
    }

    /// <summary>Call it after the last line.</summary>
    public void End()
    {
        CloseTransaction();
        if (_stage != _order.Length - 1)
        {
            Fault(_file, "the end is missing: there is no trailer");
        }
        foreach (var ((transaction, partner, currency), (sum, position)) in _open)
        {
            Fault(_postings, $"transaction {transaction} (entry {position}) is out of balance by {sum} {currency} at partner {partner}");
        }
        foreach (var (id, account) in _accounts)
        {
            if (account.Posted != account.SumOfEntries)
            {
                Fault(_posted, $"account {id} says {account.Posted}, its entries say {account.SumOfEntries}");
            }
            if (account.Held != account.SumOfHolds)
            {
                Fault(_held, $"account {id} says {account.Held}, transactions say {account.SumOfHolds}");
            }
            if (account.NeverBelowZero && (account.SumOfEntries < account.SumOfHolds || (Int128)account.Posted < account.Held))
            {
                Fault(_available, $"account {id} has {account.SumOfEntries} and holds {account.SumOfHolds}");
            }
        }
    }

    public void Report(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _file.Counted = $"{_line} lines";
        _postings.Counted = $"{_entries} entries";
        _posted.Counted = _held.Counted = $"{_accounts.Count} accounts";
        _holds.Counted = $"{Lines("transaction")} transactions, {Lines("operation")} operations";
        _available.Counted = $"{_accounts.Values.Count(account => account.NeverBelowZero)} accounts";
        _chain.Counted = $"{_entries} entries, {Lines("seal")} seals; {_entries - _sealed} entries at the end are not sealed yet";
        _roots.Counted = $"{Lines("root")} roots, the last of {_lastDay?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "no day"}; the key is {(_keyIsTheExports ? "the export's own" : "the one that was given")}";
        foreach (var check in Checks)
        {
            output.WriteLine($"{(check.Faults == 0 ? "right" : "WRONG")}  {check.Name}: {check.Counted}");
        }
        foreach (var named in _named)
        {
            output.WriteLine($"  - {named}");
        }
        if (Checks.Sum(check => check.Faults) is var faults && faults > _named.Count)
        {
            output.WriteLine($"  and {faults - _named.Count} more");
        }
    }

    public void Dispose()
    {
        foreach (var key in _keys)
        {
            key.Dispose();
        }
    }

    /// <summary>The kinds come in their order: operations behind their transaction, seals and roots behind their entry.</summary>
    private bool Follows(string kind)
    {
        var stage = Array.IndexOf(_order, kind switch
        {
            "operation" => "transaction",
            "seal" or "root" => "entry",
            _ => kind,
        });
        if (stage < 0 || stage < _stage || (_stage < 0 && kind != "header") || (stage == _stage && kind is "header" or "trailer"))
        {
            Fault(_file, $"line {_line} is of the kind {kind}, which does not belong there");
            return false;
        }
        _stage = stage;
        return true;
    }

    private void Read(string kind, JsonElement read)
    {
        switch (kind)
        {
            case "header":
                ReadHeader(read);
                break;
            case "account":
                ReadAccount(read);
                break;
            case "transaction":
                ReadTransaction(read);
                break;
            case "operation":
                ReadOperation(read);
                break;
            case "entry":
                ReadEntry(read);
                break;
            case "seal":
                ReadSeal(read);
                break;
            case "root":
                ReadRoot(read);
                break;
            case "trailer":
                ReadTrailer(read);
                break;
        }
    }

    private void ReadHeader(JsonElement read)
    {
        if (Text(read, "format") != Format || Number(read, "version") != Version)
        {
            throw new FormatException($"this program knows {Format} {Version} alone");
        }
        if (_keys.Count == 0)
        {
            _keyIsTheExports = true;
            Trust(Text(read, "publicKey"));
        }
    }

    private void ReadAccount(JsonElement read)
    {
        var id = Text(read, "id");
        var account = new Account(Text(read, "partner"), Text(read, "kind"), Text(read, "currency"), Number(read, "posted"), Number(read, "held"));
        if (!_accounts.TryAdd(id, account))
        {
            Fault(_file, $"account {id} is there twice");
        }
    }

    private void ReadTransaction(JsonElement read)
    {
        CloseTransaction();
        var id = Text(read, "id");
        if (_transaction is not null && string.CompareOrdinal(_transaction.Id, id) >= 0)
        {
            Fault(_file, $"transaction {id} does not come in the order of ids");
        }
        var remote = read.GetProperty("remote").GetBoolean();
        _transaction = new Transaction(id, remote ? null : Text(read, "account"), TextOrNull(read, "backing"), Number(read, "authorized"), Number(read, "held"));
    }

    private void ReadOperation(JsonElement read)
    {
        var id = Text(read, "id");
        var of = Text(read, "transaction");
        if (_transaction?.Id != of || string.CompareOrdinal(_transaction.LastOperation, id) >= 0)
        {
            Fault(_file, $"operation {id} is not behind its transaction {of} in the order of ids");
            return;
        }
        _transaction.LastOperation = id;
        _transaction.Sum += Number(read, "held");
    }

    /// <summary>After its last operation.</summary>
    private void CloseTransaction()
    {
        if (_transaction is not { Closed: false } transaction)
        {
            return;
        }
        transaction.Closed = true;
        if (transaction.Held != transaction.Sum || transaction.Held < 0)
        {
            Fault(_holds, $"transaction {transaction.Id} says {transaction.Held}, its operations come to {transaction.Sum}");
        }
        foreach (var id in new[] { transaction.Account, transaction.Backing }.OfType<string>())
        {
            if (_accounts.TryGetValue(id, out var account))
            {
                account.SumOfHolds += transaction.Sum;
            }
            else
            {
                Fault(_held, $"transaction {transaction.Id} holds on account {id}, which is not there");
            }
        }
    }

    private void ReadEntry(JsonElement read)
    {
        CloseTransaction();
        var position = Number(read, "position");
        var (partner, transaction, operation, accountId) = (Text(read, "partner"), Text(read, "transaction"), TextOrNull(read, "operation"), Text(read, "account"));
        var (amount, currency, posted) = (Number(read, "amount"), Text(read, "currency"), Number(read, "posted"));
        if (position <= _position)
        {
            Fault(_chain, $"entry {position} comes after entry {_position}");
        }
        var line = string.Create(CultureInfo.InvariantCulture, $"{position}|{partner}|{transaction}|{operation}|{accountId}|{amount}|{currency}|{posted}");
        _hash = SHA256.HashData([.. _hash, .. Encoding.UTF8.GetBytes(line)]);
        _position = position;
        _number++;
        _entries++;

        var sum = _open.GetValueOrDefault((transaction, partner, currency)).Sum + amount;
        if (sum == 0)
        {
            _open.Remove((transaction, partner, currency));
        }
        else
        {
            _open[(transaction, partner, currency)] = (sum, position);
        }

        if (!_accounts.TryGetValue(accountId, out var account))
        {
            Fault(_posted, $"entry {position} is of account {accountId}, which is not there");
            return;
        }
        account.SumOfEntries += amount;
        if (account.Partner != partner || account.Currency != currency)
        {
            Fault(_postings, $"entry {position} is not in its account's currency, or of another partner");
        }
        if (_lastDay is { } signed && posted < EndOf(signed))
        {
            Fault(_roots, $"entry {position} is dated into {signed:yyyy-MM-dd} or before, and is not under that day's root");
        }
    }

    private void ReadSeal(JsonElement read)
    {
        _sealed = _entries;
        if (!IsTheChains(_chain, "seal", read))
        {
            // Go on from what was sealed: so each seal vouches for the entries since the one before, and the wrong ones are found.
            _hash = Convert.FromHexString(Text(read, "hash"));
            _number = Number(read, "entries");
        }
    }

    private void ReadRoot(JsonElement read)
    {
        var dayText = Text(read, "day");
        var day = DateOnly.ParseExact(dayText, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (_lastDay is { } before && day != before.AddDays(1))
        {
            Fault(_roots, $"the root of {dayText} comes after that of {before:yyyy-MM-dd}");
        }
        _lastDay = day;
        IsTheChains(_roots, $"root of {dayText}", read);

        var signed = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"root|{dayText}|{Number(read, "position")}|{Number(read, "entries")}|{Text(read, "hash")}"));
        var signature = Convert.FromBase64String(Text(read, "signature"));
        if (!_keys.Any(key => key.VerifyData(signed, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)))
        {
            Fault(_roots, $"the root of {dayText} is not signed under the key");
        }
    }

    private bool IsTheChains(Check check, string what, JsonElement read)
    {
        var (position, entries, hash) = (Number(read, "position"), Number(read, "entries"), Text(read, "hash"));
        if (position == _position && entries == _number && hash == Convert.ToHexStringLower(_hash))
        {
            return true;
        }
        Fault(check, $"the {what} says {entries} entries up to {position} and {hash}, there are {_number} up to {_position} and {Convert.ToHexStringLower(_hash)}");
        return false;
    }

    private void ReadTrailer(JsonElement read)
    {
        CloseTransaction();
        foreach (var (kind, counted) in new[]
        {
            ("account", "accounts"), ("transaction", "transactions"), ("operation", "operations"), ("entry", "entries"), ("seal", "seals"), ("root", "roots"),
        })
        {
            if (Number(read, counted) is var said && said != Lines(kind))
            {
                Fault(_file, $"the trailer says {said} {counted}, there are {Lines(kind)}");
            }
        }
    }

    private long Lines(string kind) => _lines.GetValueOrDefault(kind);

    private void Fault(Check check, string what)
    {
        check.Faults++;
        if (_named.Count < MaxNamed)
        {
            _named.Add(what);
        }
    }

    private static long EndOf(DateOnly day) => (day.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber + 1) * MicrosecondsOfADay;

    private static string Text(JsonElement read, string name) => read.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");

    private static string? TextOrNull(JsonElement read, string name) => read.GetProperty(name).GetString();

    private static long Number(JsonElement read, string name) => read.GetProperty(name).GetInt64();

    private sealed class Check(string name)
    {
        public string Name => name;

        public string Counted { get; set; } = "";

        public long Faults { get; set; }
    }

    private sealed class Account(string partner, string kind, string currency, long posted, long held)
    {
        public string Partner => partner;

        public string Currency => currency;

        public long Posted => posted;

        public long Held => held;

        public bool NeverBelowZero => kind is "User" or "Credit" or "Deposit";

        public Int128 SumOfEntries { get; set; }

        public Int128 SumOfHolds { get; set; }
    }

    /// <summary>The one that is being read.</summary>
    private sealed class Transaction(string id, string? account, string? backing, long authorized, long held)
    {
        public string Id => id;

        /// <summary>Null where the partner holds the balance: nothing is held on it here.</summary>
        public string? Account => account;

        public string? Backing => backing;

        public long Held => held;

        public Int128 Sum { get; set; } = authorized;

        public string LastOperation { get; set; } = "";

        public bool Closed { get; set; }
    }
}
