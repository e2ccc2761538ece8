using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Antaca.ServiceDefaults;

/// <summary>Domain events over RabbitMQ: owed through the outbox, heard by consumers on quorum queues of their own.</summary>
public static class Messaging
{
    private const int PrefetchMessages = 16;
    private const int RetryLimit = 100;
    private const int MaxRetrySeconds = 30;
    private const string OfOneReplica = "-replica-";

    /// <summary>
    /// Connects the service to the broker. The service starts, and serves, without it: what is owed waits in the outbox.
    /// </summary>
    /// <param name="hears">Adds the service's consumers: <c>bus => bus.AddConsumer&lt;SetKycStatus&gt;()</c>.</param>
    public static void AddMessaging(this WebApplicationBuilder builder, Action<IBusRegistrationConfigurator>? hears = null)
    {
        builder.AddBus(hears);
        builder.Services.AddHostedService<OutboxRelay>();
    }

    /// <summary>
    /// Lets every replica hear its own copy of an event, while it runs: what is remembered in memory is forgotten everywhere.
    /// The replica owes nothing and needs no database. What happens while it does not listen it never hears.
    /// </summary>
    public static void AddListening(this WebApplicationBuilder builder, Action<IBusRegistrationConfigurator> hears) => builder.AddBus(hears);

    /// <summary>For <see cref="AddListening"/>: a queue of this replica's own, which goes when it goes.</summary>
    public static void OnThisReplica<T>(this IConsumerRegistrationConfigurator<T> consumer)
        where T : class, IConsumer =>
        consumer.Endpoint(endpoint =>
        {
            endpoint.Temporary = true;
            endpoint.InstanceId = OfOneReplica + Guid.CreateVersion7().ToString("N");
        });

    private static void AddBus(this WebApplicationBuilder builder, Action<IBusRegistrationConfigurator>? hears)
    {
        var broker = builder.Configuration.GetConnectionString("messaging");
        if (broker is null)
        {
            builder.AddSettingsFault("ConnectionStrings:messaging: is required (amqp://user:password@host:port)");
            return;
        }

        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            hears?.Invoke(bus);
            bus.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(builder.Environment.ApplicationName + "-", includeNamespace: false));
            bus.AddConfigureEndpointsCallback((_, name, endpoint) =>
            {
                // A consumer that fails keeps its message: the database or a neighbour is away for a while, not for ever.
                endpoint.UseMessageRetry(retry => retry.Exponential(RetryLimit, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(MaxRetrySeconds), TimeSpan.FromMilliseconds(500)));
                endpoint.PrefetchCount = PrefetchMessages;
                // A quorum queue outlives its consumers.
                if (endpoint is IRabbitMqReceiveEndpointConfigurator queue && !name.Contains(OfOneReplica, StringComparison.Ordinal))
                {
                    queue.SetQuorumQueue();
                }
            });
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(new Uri(broker), host => host.PublisherConfirmation = true);
                rabbit.ConfigureEndpoints(context);
            });
        });
        builder.Services.Configure<MassTransitHostOptions>(options =>
        {
            options.WaitUntilStarted = false;
            options.StopTimeout = TimeSpan.FromSeconds(5);
        });
    }

    /// <summary>The id of the delivered event: what the inbox remembers.</summary>
    public static Guid EventId<T>(this ConsumeContext<T> delivery)
        where T : class =>
        delivery.MessageId ?? throw new InvalidOperationException("An event without a message id is none of ours.");
}
