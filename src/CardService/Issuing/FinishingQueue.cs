namespace Antaca.CardService.Issuing;

/// <summary>Tells <see cref="FinishIssuing"/> of this replica that there is something to finish now. What it misses waits a few seconds.</summary>
internal sealed class FinishingQueue : IDisposable
{
    private readonly SemaphoreSlim _woken = new(0, 1);

    public void Wake()
    {
        try
        {
            _woken.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    public Task Wait(TimeSpan atMost, CancellationToken cancel) => _woken.WaitAsync(atMost, cancel);

    public void Dispose() => _woken.Dispose();
}
