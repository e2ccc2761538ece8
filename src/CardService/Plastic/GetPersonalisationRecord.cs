using System.Globalization;
using Antaca.CardService.Authorisations;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// All that a bureau needs to make the plastic of one order, its secrets as one-time references that only its own answer can
/// resolve. There is no record of an order that is over.
/// </summary>
internal static class GetPersonalisationRecord
{
    /// <param name="Printed">False for plastic that bears no data: then the record is for the chip and the stripe alone.</param>
    /// <param name="Expiry">As chip and stripe have it: YYMM.</param>
    /// <param name="Cvv1">For the magnetic stripe, with the service code.</param>
    /// <param name="Icvv">For the track 2 equivalent data on the chip.</param>
    /// <param name="Cvv2">For the back of the plastic; null where it bears no data.</param>
    /// <param name="Pvv">Null where no PIN is set.</param>
    /// <param name="CardholderName">For chip and stripe; null where the card has no name.</param>
    /// <param name="EmbossLines">What the plastic shows below the number: expiry and name. Empty where it bears no data.</param>
    /// <param name="DeliveryAddress">Null for stock.</param>
    internal sealed record PersonalisationRecord(
        Guid OrderId,
        Guid CardId,
        Guid ProgramId,
        OrderKind Kind,
        bool Printed,
        string? Design,
        VaultReference CardNo,
        string Expiry,
        string ServiceCode,
        VaultReference Cvv1,
        VaultReference Icvv,
        VaultReference? Cvv2,
        VaultReference? Pvv,
        string? CardholderName,
        IReadOnlyList<string> EmbossLines,
        DeliveryAddress? DeliveryAddress)
    {
        /// <summary>Prints nothing personal.</summary>
        public override string ToString() => $"record of order {OrderId}";
    }

    public static void MapGetPersonalisationRecord(this IEndpointRouteBuilder personalisations) =>
        personalisations.MapGet("/{orderId:guid}/file", Handle)
            .WithSummary("Gives the personalisation record of an order").WithDescription("All that the plastic bears, for an order that is Ordered or Sent. Every look is on record.")
            .Refuses(CardProblems.OrderNotFound(), CardProblems.OrderOver(OrderStatus.Personalised), CardProblems.CardIsRemoved());

    private static async Task<Results<Ok<PersonalisationRecord>, ProblemHttpResult>> Handle(
        Guid orderId, Caller caller, Programmes programmes, NpgsqlDataSource database, [FromKeyedServices("datacore")] Peer dataCore, CancellationToken cancel)
    {
        if (await database.FindForBureau(orderId, await programmes.ServedBy(caller.Processor!, cancel), cancel) is not { } order)
        {
            return CardProblems.OrderNotFound();
        }
        if (!order.InProduction)
        {
            return CardProblems.OrderOver(order.Status);
        }
        if (await database.FindExpOfPlastic(order.CardId, cancel) is not { } exp)
        {
            return CardProblems.CardIsRemoved();
        }
        var personalised = await dataCore.Post<PersonaliseCard, PersonalisationReferences>(
            "/internal/vault/cards/personalisation", new PersonaliseCard(order.CardId, order.PartnerId, caller.Binding, order.Printed), cancel);
        if (personalised.ValueOrNothing is not { } secrets)
        {
            return CardProblems.CardIsRemoved();
        }
        return TypedResults.Ok(new PersonalisationRecord(
            order.Id,
            order.CardId,
            order.ProgramId,
            order.Kind,
            order.Printed,
            order.Design,
            secrets.CardNo,
            exp.ToString("yyMM", CultureInfo.InvariantCulture),
            secrets.ServiceCode,
            secrets.Cvv1,
            secrets.Icvv,
            secrets.Cvv2,
            secrets.Pvv,
            order.EmbossName,
            order.Printed ? [exp.ToString("MM'/'yy", CultureInfo.InvariantCulture), .. order.EmbossName is { } name ? new[] { name } : []] : [],
            order.DeliveryAddress));
    }
}
