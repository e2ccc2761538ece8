using Microsoft.Extensions.Caching.Memory;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Answers of somebody who is asked often, good for a few seconds by the service's clock from the moment of asking; that there is
/// nothing is an answer too. Two who ask at the same time may both go and ask.
/// </summary>
/// <param name="ask">Asks for one.</param>
/// <param name="goodForSeconds">How long an answer may be given again.</param>
/// <param name="most">How many are kept.</param>
public sealed class ShortMemory<TKey, T>(Func<TKey, CancellationToken, Task<T>> ask, TimeProvider clock, int goodForSeconds, int most) : IDisposable
    where TKey : notnull
{
    private readonly MemoryCache _answers = new(new MemoryCacheOptions { SizeLimit = most });

    public async ValueTask<T> Find(TKey key, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (_answers.TryGetValue(key, out Answer? known) && known!.GoodUntil > now)
        {
            return known.Value;
        }
        var value = await ask(key, cancel);
        _answers.Set(
            key,
            new Answer(value, now.AddSeconds(goodForSeconds)),
            new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(goodForSeconds) });
        return value;
    }

    public void Dispose() => _answers.Dispose();

    private sealed record Answer(T Value, DateTimeOffset GoodUntil);
}
