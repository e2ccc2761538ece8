using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Changes what is given of a partner; what is absent stays. New networks hold from the next request on.</summary>
internal static class UpdatePartner
{
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
            Name = request.Name ?? partner.Name,
            ContactEmail = request.ContactEmail ?? partner.ContactEmail,
            Networks = request.Networks is null ? partner.Networks : [.. request.Networks],
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
