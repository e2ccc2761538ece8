using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;

namespace Antaca.Gateway.Channels;

/// <summary>
/// What DataCore answered about credentials, for at most <see cref="Seconds"/> seconds. When something ends (a session, a
/// user's, a certificate), the moment is noted under its name, and every answer about it that was asked for until then is
/// void: those in memory, and those that are on their way.
/// </summary>
internal sealed class Remembered(TimeProvider clock) : IDisposable
{
    public const int Seconds = 5;

    private const int MostAnswers = 50_000;
    private const int MostEnded = 50_000;

    private readonly MemoryCache _answers = new(new MemoryCacheOptions { SizeLimit = MostAnswers });
    private readonly ConcurrentDictionary<string, long> _ended = new(StringComparer.Ordinal);
    private readonly Lock _forgetting = new();
    private long _allEnded;
    private long _lastEnded;
    private long _moment;

    /// <summary>The answer in memory; null where there is none, or where it may have ended.</summary>
    /// <param name="credential">A hash of what was shown, never the credential itself.</param>
    public T? Known<T>(string credential)
        where T : class =>
        _answers.TryGetValue(credential, out Answer? known) && known!.Until > clock.GetUtcNow() && !HasEnded(known) ? known.Holder as T : null;

    /// <summary>Asks, and remembers the answer. That a credential is nobody's is never remembered: it may be somebody's soon.</summary>
    /// <param name="credential">A hash of what was shown, never the credential itself.</param>
    /// <param name="ask">Asks DataCore. The subjects are the names under which the credential can end.</param>
    public async Task<T?> Ask<T>(string credential, Func<Task<(T? Holder, string[] Subjects)>> ask)
        where T : class
    {
        // Counted before asking: what ends while the question is on its way has ended after it.
        var asked = Interlocked.Increment(ref _moment);
        var until = clock.GetUtcNow().AddSeconds(Seconds);
        var (holder, subjects) = await ask();
        if (holder is null)
        {
            return null;
        }
        var answer = new Answer(holder, subjects, asked, until);
        if (HasEnded(answer))
        {
            // Answered before the end or after it, nobody knows: this question was asked after.
            return (await ask()).Holder;
        }
        _answers.Set(credential, answer, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(Seconds) });
        return holder;
    }

    /// <summary>Voids what is known about a subject, such as <c>user:{id}</c>.</summary>
    public void Forget(string subject)
    {
        lock (_forgetting)
        {
            var moment = Interlocked.Increment(ref _moment);
            if (_ended.Count >= MostEnded)
            {
                // Too many names to keep: everything is asked for again, once.
                Interlocked.Exchange(ref _allEnded, moment);
                _ended.Clear();
            }
            _ended[subject] = moment;
            Interlocked.Exchange(ref _lastEnded, moment);
        }
    }

    public void Dispose() => _answers.Dispose();

    private bool HasEnded(Answer answer)
    {
        if (answer.Asked > Interlocked.Read(ref _lastEnded))
        {
            return false;
        }
        if (answer.Asked < Interlocked.Read(ref _allEnded))
        {
            return true;
        }
        foreach (var subject in answer.Subjects)
        {
            if (_ended.TryGetValue(subject, out var ended) && answer.Asked < ended)
            {
                return true;
            }
        }
        return false;
    }

    private sealed record Answer(object Holder, string[] Subjects, long Asked, DateTimeOffset Until);
}
