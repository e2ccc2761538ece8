using Antaca.TestKit;
using MassTransit;

namespace Antaca.Notifications.Tests.EventLog;

/// <summary>A neighbour's way onto the broker: publishes events under message ids that the test chooses.</summary>
internal sealed class Broker : IAsyncDisposable
{
    private readonly IBusControl _bus;

    private Broker(IBusControl bus) => _bus = bus;

    public static async Task<Broker> Of(Suite suite)
    {
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit => rabbit.Host(new Uri(suite.Messaging)));
        await bus.StartAsync();
        return new Broker(bus);
    }

    public Task Publish(object happened, Guid id) => _bus.Publish(happened, happened.GetType(), context => context.MessageId = id);

    public async ValueTask DisposeAsync() => await _bus.StopAsync();
}
