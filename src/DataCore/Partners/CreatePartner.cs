using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Takes in an institution. Its programmes and certificates come next.</summary>
internal static class CreatePartner
{
    /// <param name="Networks">Whence its servers call, in CIDR form with no host bit set: <c>203.0.113.0/24</c> or <c>2001:db8::/32</c>, IPv4 never written as IPv6; none for any.</param>
    internal sealed record Request(string Name, string? ContactEmail = null, IReadOnlyList<string>? Networks = null);

    public static void MapCreatePartner(this IEndpointRouteBuilder partners) =>
        partners.MapPost("/", Handle).AdmitsOperators(Role.Admin).Produces<PartnerView>(201)
            .Example(new Request("Bank Wschodni", "cards@bank.example", ["203.0.113.0/24"]))
            .Refuses(PartnerProblems.Exists());

    private static async Task<IResult> Handle(Request request, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (Partner.FaultsOf(request.Name, request.ContactEmail, request.Networks) is { Any: true } faults)
        {
            return faults.Problem();
        }
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var partner = new Partner
        {
            Id = Guid.CreateVersion7(now),
            Name = request.Name.Trim(),
            ContactEmail = request.ContactEmail,
            Networks = PartnerNetwork.AllCanonical(request.Networks ?? []),
            CreatedAt = now,
        };
        if (!await work.AddPartner(partner))
        {
            return PartnerProblems.Exists();
        }
        Work.Audit(subject: $"partner:{partner.Id}", partnerId: partner.Id);
        return await work.Answer(once, StatusCodes.Status201Created, PartnerView.Of(partner));
    }
}
