namespace Aspire.Hosting.ApplicationModel;

/// <summary>A part of the suite, by name.</summary>
public interface IResource
{
    string Name { get; }
}

public interface IResourceWithConnectionString : IResource;

public interface IResourceWithEnvironment : IResource;

public interface IResourceWithEndpoints : IResource;

public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

public interface IResourceWithWaitSupport : IResource;

/// <summary>What the With... calls said of one resource.</summary>
public abstract class Resource(string name) : IResource
{
    public string Name { get; } = name;

    internal List<IResource> Dependencies { get; } = [];
}

/// <summary>A resource that Aspire runs as a container; here it is a local process.</summary>
public class ContainerResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithEndpoints, IResourceWithWaitSupport;

/// <summary>A .NET project, run from its build output.</summary>
public class ProjectResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithServiceDiscovery, IResourceWithWaitSupport
{
    internal string ProjectPath { get; init; } = "";

    internal List<Endpoint> Endpoints { get; } = [];

    internal List<HealthCheck> HealthChecks { get; } = [];

    internal List<ConnectionReference> Connections { get; } = [];

    internal List<ProjectResource> Services { get; } = [];

    internal Dictionary<string, string?> Environment { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, EndpointReference> Addresses { get; } = new(StringComparer.Ordinal);

    internal int Replicas { get; set; } = 1;
}

/// <param name="Port">The port the AppHost asks for; without one LocalHosting gives it one of its own.</param>
/// <param name="Env">The variable that tells the service its port.</param>
internal sealed record Endpoint(string Name, string Scheme, int? Port, string? Env)
{
    public bool External { get; set; }
}

/// <summary>One endpoint of a resource, whose address is known when the suite runs.</summary>
public sealed class EndpointReference
{
    internal EndpointReference(ProjectResource project, string endpointName) => (Project, EndpointName) = (project, endpointName);

    public string EndpointName { get; }

    internal ProjectResource Project { get; }
}

internal sealed record HealthCheck(string Path, int StatusCode, string? EndpointName);

internal sealed record ConnectionReference(IResourceWithConnectionString Source, string ConnectionName);

/// <summary>Says which resource the next call is about.</summary>
public interface IResourceBuilder<out T>
    where T : IResource
{
    IDistributedApplicationBuilder ApplicationBuilder { get; }

    T Resource { get; }
}

internal sealed class ResourceBuilder<T>(IDistributedApplicationBuilder application, T resource) : IResourceBuilder<T>
    where T : IResource
{
    public IDistributedApplicationBuilder ApplicationBuilder => application;

    public T Resource => resource;
}
