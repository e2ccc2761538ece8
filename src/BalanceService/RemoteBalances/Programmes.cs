using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.Extensions.Caching.Memory;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>DataCore's word on a programme, good for a few seconds: where its partner's host is, and what is answered for it.</summary>
internal sealed class Programmes([FromKeyedServices("datacore")] Peer dataCore, TimeProvider clock) : IDisposable
{
    public const int GoodForSeconds = 5;

    private const int MaxProgrammes = 10_000;

    private readonly MemoryCache _asked = new(new MemoryCacheOptions { SizeLimit = MaxProgrammes });

    public async ValueTask<ProgrammeFacts?> Find(Guid programmeId, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (_asked.TryGetValue(programmeId, out Known? known) && known!.GoodUntil > now)
        {
            return known.Programme;
        }
        var programme = (await dataCore.Get<ProgrammeFacts>($"/internal/programmes/{programmeId}", cancel)).ValueOrNothing;
        _asked.Set(
            programmeId,
            new Known(programme, now.AddSeconds(GoodForSeconds)),
            new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(GoodForSeconds) });
        return programme;
    }

    public void Dispose() => _asked.Dispose();

    private sealed record Known(ProgrammeFacts? Programme, DateTimeOffset GoodUntil);
}
