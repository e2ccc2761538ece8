using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>DataCore's word on a programme, good for a few seconds: where its partner's host is, and what is answered for it.</summary>
internal sealed class Programmes([FromKeyedServices("datacore")] Peer dataCore, TimeProvider clock) : IDisposable
{
    public const int GoodForSeconds = 5;

    private const int MaxProgrammes = 10_000;

    private readonly ShortMemory<Guid, ProgrammeFacts?> _asked = new(
        async (programmeId, cancel) => (await dataCore.Get<ProgrammeFacts>($"/internal/programmes/{programmeId}", cancel)).ValueOrNothing,
        clock,
        GoodForSeconds,
        MaxProgrammes);

    public ValueTask<ProgrammeFacts?> Find(Guid programmeId, CancellationToken cancel) => _asked.Find(programmeId, cancel);

    public void Dispose() => _asked.Dispose();
}
