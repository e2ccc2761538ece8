using Antaca.Client;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Suite.Tests;

/// <summary>The first journey, with the SDK, step by step; each step asserts what the contract promises.</summary>
internal sealed class Journey(AntacaClient partner, ProcessorClient processor)
{
    public const long Reloaded = 100_000;
    public const long Spent = 12_345;

    private static readonly Merchant _merchant = new("MID-1", "Corner Shop", "5411", "PL");

    private static int _number = Environment.TickCount & 0xFFFFF;

    public Guid UserId { get; private set; }

    public Guid BalanceId { get; private set; }

    public IssuedCard Lost { get; private set; } = null!;

    public IssuedCard Suspected { get; private set; } = null!;

    public string Phone { get; private set; } = "";

    public async Task<Journey> Register()
    {
        var number = Interlocked.Increment(ref _number);
        Phone = $"+48700{number:0000000}";
        var user = await partner.CreateUser(new NewUser
        {
            ProgramId = TestUsers.SandboxProgram,
            Phone = Phone,
            Email = $"journey{number}@example.com",
            FirstName = "Maria",
            LastName = "Skłodowska",
            BirthDate = new DateOnly(1987, 11, 7),
            Nationality = "PL",
            Address = new Address("Freta 16", "Warszawa", "00-227", "PL"),
        });
        UserId = user.Id;
        await partner.SetKyc(UserId, KycOutcome.Accepted, "branch-visit");
        BalanceId = (await partner.OpenBalance(UserId)).Id;
        await partner.Reload(UserId, BalanceId, new Money(Reloaded, "PLN"), "first transfer", Guid.CreateVersion7().ToString());
        return this;
    }

    public async Task<Journey> IssueSpendAndLock()
    {
        Lost = await partner.CreateVirtualCard(UserId, BalanceId);
        Assert.StartsWith("510510", Lost.CardNo, StringComparison.Ordinal);
        var shown = await partner.GetCard(UserId, Lost.Id);
        Assert.Equal((Lost.CardNo, Lost.Cvv, Lost.Exp), (shown.CardNo, shown.Cvv, shown.Exp));

        var approved = await Pay(Lost, Spent);
        Assert.Equal((Decision.Approved, "0000"), (approved.Decision, approved.ActionCode));
        Assert.Equal(new Money(Reloaded - Spent, "PLN"), approved.Available);
        var balance = await partner.GetBalance(UserId, BalanceId);
        Assert.Equal((Reloaded, Spent, Reloaded - Spent), (balance.Amount, balance.Held, balance.Available));

        await partner.LockCard(UserId, Lost.Id, LockCode.Lost);
        var declined = await Pay(Lost, Spent);
        Assert.Equal((Decision.Declined, "2008", "CARD_LOST"), (declined.Decision, declined.ActionCode, declined.Reason));
        var refused = await Assert.ThrowsAsync<AntacaException>(() => partner.UnlockCard(UserId, Lost.Id));
        Assert.Equal((409, "LOCK_IRREVERSIBLE"), (refused.Status, refused.Code));

        Suspected = await partner.CreateVirtualCard(UserId, BalanceId);
        await partner.LockCard(UserId, Suspected.Id, LockCode.SuspectedFraud);
        Assert.Equal("1002", (await Pay(Suspected, Spent)).ActionCode);
        await partner.UnlockCard(UserId, Suspected.Id);
        Assert.Equal(Decision.Approved, (await Pay(Suspected, Spent)).Decision);
        return this;
    }

    public Task<Authorisation> Pay(IssuedCard card, long amount, string? transactionId = null) => processor.Authorise(new AuthorisationRequest
    {
        TransactionId = transactionId ?? Guid.CreateVersion7().ToString("N"),
        Type = AuthorisationType.Purchase,
        CardNo = card.CardNo,
        Exp = card.Exp,
        Cvv = card.Cvv,
        Amount = new Money(amount, "PLN"),
        Merchant = _merchant,
        Channel = EntryChannel.Ecommerce,
        TransmittedAt = TimeProvider.System.GetUtcNow(),
    });

    /// <summary>Waits until the partner's event log has an event of that type about that card.</summary>
    public Task<PartnerEvent> Hears(string type, Guid cardId) => Eventually.Get(
        async () =>
        {
            var after = 0L;
            while (true)
            {
                var page = await partner.ListEvents(after, AntacaClient.MaxPageSize);
                if (page.Items.FirstOrDefault(heard => heard.Type == type && heard.Data.GetProperty("cardId").GetGuid() == cardId) is { } found)
                {
                    return found;
                }
                if (page.Items.Count == 0)
                {
                    return null;
                }
                after = page.Items[^1].Sequence;
            }
        },
        $"{type} of card {cardId}");
}
