using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

internal static class ProgrammeStore
{
    /// <param name="partnerId">Null for a neighbour that knows the programme from a card of its own.</param>
    public static async Task<ProgrammeFacts?> FindProgramme(this NpgsqlDataSource database, Guid programId, Guid? partnerId, CancellationToken cancel) =>
        (await database.One<Row>(
            """
            select id, partner_id, currency, processor, digital_first, card_validity_months
            from programmes
            where id = @programId and (@partnerId is null or partner_id = @partnerId)
            """,
            new { programId, partnerId },
            cancel))?.ToFacts();

    private sealed record Row
    {
        public required Guid Id { get; init; }
        public required Guid PartnerId { get; init; }
        public required string Currency { get; init; }
        public required string Processor { get; init; }
        public required bool DigitalFirst { get; init; }
        public required int CardValidityMonths { get; init; }

        public ProgrammeFacts ToFacts() => new(Id, PartnerId, Currency, Processor, DigitalFirst, CardValidityMonths);
    }
}
