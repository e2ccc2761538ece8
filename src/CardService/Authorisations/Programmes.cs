using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.CardService.Authorisations;

/// <summary>DataCore's word on a programme, good for a few seconds: every authorisation asks for one.</summary>
internal sealed class Programmes([FromKeyedServices("datacore")] Peer dataCore, TimeProvider clock) : IDisposable
{
    public const int GoodForSeconds = 5;

    private const int MaxProgrammes = 10_000;

    private readonly ShortMemory<Guid, ProgrammeFacts?> _asked = new(
        async (programId, cancel) => (await dataCore.Get<ProgrammeFacts>($"/internal/programmes/{programId}", cancel)).ValueOrNothing,
        clock,
        GoodForSeconds,
        MaxProgrammes);

    private readonly ShortMemory<string, Guid[]> _served = new(
        async (processor, cancel) =>
            [.. (await dataCore.Get<ServedProgrammes>($"/internal/programmes?processor={Uri.EscapeDataString(processor)}", cancel)).ValueOrNothing?.Programs ?? []],
        clock,
        GoodForSeconds,
        MaxProgrammes);

    public ValueTask<ProgrammeFacts?> Find(Guid programId, CancellationToken cancel) => _asked.Find(programId, cancel);

    /// <summary>The programmes that a processor serves: of these alone it sees and says anything.</summary>
    public ValueTask<Guid[]> ServedBy(string processor, CancellationToken cancel) => _served.Find(processor, cancel);

    public void Dispose()
    {
        _asked.Dispose();
        _served.Dispose();
    }
}
