using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Changes what is given of a partner; what is absent stays. New networks hold from the next request on.</summary>
internal static class UpdatePartner
{
    /// <param name="Networks">Whence its servers call, in CIDR form with no host bit set: <c>203.0.113.0/24</c> or <c>2001:db8::/32</c>, IPv4 never written as IPv6; an empty list for any.</param>
    internal sealed record Request(string? Name = null, string? ContactEmail = null, IReadOnlyList<string>? Networks = null);

    public static void MapUpdatePartner(this IEndpointRouteBuilder partners) =>
        partners.MapPatch("/{partnerId:guid}", Handle).AdmitsOperators(Role.Admin)
            .Example(new Request(ContactEmail: "cards@bank.example", Networks: ["203.0.113.0/24"]))
            .Refuses(PartnerProblems.NotFound(), PartnerProblems.Exists());

    private static async Task<Results<Ok<PartnerView>, ProblemHttpResult>> Handle(
        Guid partnerId, Request request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (Partner.FaultsOf(request.Name, request.ContactEmail, request.Networks) is { Any: true } faults)
        {
            return faults.Problem();
        }
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindPartnerForChange(partnerId) is not { } partner)
        {
            return PartnerProblems.NotFound();
        }
        var changed = partner with
        {
            Name = request.Name?.Trim() ?? partner.Name,
            ContactEmail = request.ContactEmail ?? partner.ContactEmail,
            Networks = request.Networks is null ? partner.Networks : PartnerNetwork.AllCanonical(request.Networks),
        };
        if (!await work.SavePartner(changed))
        {
            return PartnerProblems.Exists();
        }
        if (request.Networks is not null)
        {
            work.Owe(new PartnerChanged(partnerId, clock.GetUtcNow()));
        }
        Work.Audit(partnerId: partnerId);
        await work.Commit();
        return TypedResults.Ok(PartnerView.Of(changed));
    }
}
