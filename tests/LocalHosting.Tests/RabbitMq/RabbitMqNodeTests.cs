using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace Antaca.LocalHosting.Tests.RabbitMq;

public sealed class RabbitMqNodeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Place place = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });

    public void Dispose()
    {
        http.Dispose();
        place.Dispose();
    }

    [Fact]
    public async Task A_node_answers_its_own_user_alone_and_on_its_own_ports()
    {
        await using var node = await Start();

        Assert.True(await AmqpProbe.Answers(node.Ports.Amqp, node.UserName, node.Password, CancellationToken.None));
        Assert.False(await AmqpProbe.Answers(node.Ports.Amqp, node.UserName, "wrong", CancellationToken.None));
        Assert.False(await AmqpProbe.Answers(node.Ports.Amqp, "guest", "guest", CancellationToken.None));
        Assert.Equal(HttpStatusCode.OK, await Ask(node, node.UserName, node.Password));
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask(node, "guest", "guest"));

        int[] own = [node.Ports.Amqp, node.Ports.Management, node.Ports.Distribution];
        Assert.Equal(
            own.Order().Select(port => $"127.0.0.1:{port}"),
            Listening.Of(node.Process.ProcessId!.Value).Order(StringComparer.Ordinal));
        Assert.Equal([$"127.0.0.1:{node.Ports.Names}", $"[::1]:{node.Ports.Names}"], Listening.Of(node.NameServer.ProcessId!.Value));
    }

    [Fact]
    public async Task A_durable_queue_outlives_a_restart_and_a_killed_node_is_back()
    {
        // Stopped as a suite stops it: what a killed node had not yet written to disk is rightly gone.
        await using (var node = await Start(new RabbitMqOptions()))
        {
            using var made = await http.SendAsync(Request(node, HttpMethod.Put, "api/queues/%2F/kept", new { durable = true }));
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        }

        await using (var node = await Start())
        {
            Assert.Equal(HttpStatusCode.OK, await Queue(node));
            var killed = node.Process.ProcessId;

            node.Process.Send(Signal.Kill);

            await Place.Until(() => node.Process.ProcessId is not null && node.Process.ProcessId != killed && node.Process.State == ProcessState.Healthy, Limit, "a new node answers");
            Assert.Equal(HttpStatusCode.OK, await Queue(node));
        }
    }

    private static HttpRequestMessage Request(RabbitMqNode node, HttpMethod method, string path, object? body = null, string? user = null, string? password = null) =>
        new(method, new Uri(node.ManagementAddress, path))
        {
            Content = body is null ? null : JsonContent.Create(body),
            Headers =
            {
                Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user ?? node.UserName}:{password ?? node.Password}"))),
            },
        };

    private async Task<HttpStatusCode> Queue(RabbitMqNode node)
    {
        using var answer = await http.SendAsync(Request(node, HttpMethod.Get, "api/queues/%2F/kept"));
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> Ask(RabbitMqNode node, string user, string password)
    {
        using var answer = await http.SendAsync(Request(node, HttpMethod.Get, "api/whoami", user: user, password: password));
        return answer.StatusCode;
    }

    private Task<RabbitMqNode> Start(RabbitMqOptions? options = null) =>
        RabbitMqNode.Start(place.At("messaging"), RabbitMqPorts.Free(), options ?? new RabbitMqOptions { Durable = false });
}
