using Aspire.Hosting;

if (args is ["host", var what, ..])
{
    Describe(what).Build().Run();
    return;
}

// The service: says what it was given, and ends as it is told.
if (Environment.GetEnvironmentVariable("SAMPLE_FAILS") is not null)
{
    Console.WriteLine("the sample fails as it was told");
    Environment.Exit(7);
}
var service = WebApplication.CreateBuilder(args);
service.Logging.ClearProviders();
service.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(int.Parse(Environment.GetEnvironmentVariable("Ports__Api")!, System.Globalization.CultureInfo.InvariantCulture)));
var app = service.Build();
var order = Environment.GetEnvironmentVariable("SAMPLE_ORDER");
var name = Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME");
app.Lifetime.ApplicationStarted.Register(() => Note("started"));
app.Lifetime.ApplicationStopped.Register(() => Note("stopped"));
app.MapGet("/health", () => "ok");
app.MapGet("/environment", () => Environment.GetEnvironmentVariables());
app.Run();

void Note(string what)
{
    Console.WriteLine($"{name} {what}");
    if (order is not null)
    {
        File.AppendAllText(order, $"{name} {what}\n");
    }
}

static IDistributedApplicationBuilder Describe(string what)
{
    const string project = "LocalHosting.Sample.csproj";
    var builder = DistributedApplication.CreateBuilder([]);
    var order = Environment.GetEnvironmentVariable("SAMPLE_ORDER");
    var back = builder.AddProject("back", project)
        .WithHttpEndpoint(name: "api", env: "Ports__Api")
        .WithHttpHealthCheck("/health", endpointName: "api")
        .WithEnvironment("SAMPLE_ORDER", order)
        .WithReplicas(what == "replicas" ? 2 : 1);
    var front = builder.AddProject("front", project)
        .WithHttpEndpoint(port: 18443, name: "api", env: "Ports__Api")
        .WithHttpHealthCheck("/health", endpointName: "api")
        .WithExternalHttpEndpoints()
        .WithEnvironment("SAMPLE_ORDER", order)
        .WithReference(back)
        .WaitFor(back);
    back.WithEnvironment("FRONT", front.GetEndpoint("api"));
    switch (what)
    {
        case "everything":
            var database = builder.AddPostgres("postgres").WithDataVolume().AddDatabase("front-database", "front");
            var messaging = builder.AddRabbitMQ("messaging").WithDataVolume().WithManagementPlugin();
            front.WithReference(database, connectionName: "database").WaitFor(database).WithReference(messaging).WaitFor(messaging);
            break;
        case "failing":
            front.WithEnvironment("SAMPLE_FAILS", "yes");
            break;
        case "circle":
            back.WaitFor(front);
            break;
    }
    return builder;
}
