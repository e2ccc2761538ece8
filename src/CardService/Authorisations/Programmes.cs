using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.Extensions.Caching.Memory;

namespace Antaca.CardService.Authorisations;

/// <summary>DataCore's word on a programme, good for a few seconds: every authorisation asks for one.</summary>
internal sealed class Programmes([FromKeyedServices("datacore")] Peer dataCore, TimeProvider clock) : IDisposable
{
    public const int GoodForSeconds = 5;

    private const int MaxProgrammes = 10_000;

    private readonly MemoryCache _asked = new(new MemoryCacheOptions { SizeLimit = MaxProgrammes });

    public async ValueTask<ProgrammeFacts?> Find(Guid programId, CancellationToken cancel)
    {
        if (_asked.TryGetValue(programId, out Answer? known) && known!.GoodUntil > clock.GetUtcNow())
        {
            return known.Programme;
        }
        var asked = clock.GetUtcNow();
        var programme = (await dataCore.Get<ProgrammeFacts>($"/internal/programmes/{programId}", cancel)).ValueOrNothing;
        var entry = new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(GoodForSeconds) };
        _asked.Set(programId, new Answer(programme, asked.AddSeconds(GoodForSeconds)), entry);
        return programme;
    }

    /// <summary>The programmes that a processor serves: of these alone it sees and says anything.</summary>
    public async ValueTask<Guid[]> ServedBy(string processor, CancellationToken cancel)
    {
        if (_asked.TryGetValue(processor, out Served? known) && known!.GoodUntil > clock.GetUtcNow())
        {
            return known.Programs;
        }
        var asked = clock.GetUtcNow();
        var served = (await dataCore.Get<ServedProgrammes>($"/internal/programmes?processor={Uri.EscapeDataString(processor)}", cancel)).ValueOrNothing;
        Guid[] programs = [.. served?.Programs ?? []];
        var entry = new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(GoodForSeconds) };
        _asked.Set(processor, new Served(programs, asked.AddSeconds(GoodForSeconds)), entry);
        return programs;
    }

    public void Dispose() => _asked.Dispose();

    private sealed record Served(Guid[] Programs, DateTimeOffset GoodUntil);

    private sealed record Answer(ProgrammeFacts? Programme, DateTimeOffset GoodUntil);
}
