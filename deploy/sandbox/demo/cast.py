"""Who and what the demo's month-end is about: companies, people, owners and projects. Data only."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

TODAY = datetime.now(UTC).date()
START = TODAY.replace(month=1, day=1)  # the connections' start_from
BEFORE_START = START - timedelta(days=1)
CLOSED_UNTIL = START + timedelta(days=30)  # Cedar's bookkeeper has closed January
SERVICE_USER = "bot"


@dataclass(frozen=True, kw_only=True)
class Company:
    """`connection` is also the name of its book in the ERP sandbox; empty where nobody serves it."""

    id: int
    name: str
    connection: str = ""


@dataclass(frozen=True, kw_only=True)
class Person:
    """The same people work in each company; `days_old` None: there is no record of their rights."""

    key: str
    number: int
    name: str
    level: str = "standard"
    can_push: bool = True
    can_export_owner_invoices: str = ""
    is_active: bool = True
    days_old: int | None = 3

    def user_id(self, company_id: int) -> int:
        """Their id in Procore."""
        return company_id * 100 + self.number


@dataclass(frozen=True)
class Owner:
    """Who is billed: Procore knows the name, the ERP the customer. Without `is_mapped` nobody said so yet."""

    customer: str
    name: str
    is_mapped: bool = True


@dataclass(frozen=True)
class Project:
    """`connection` where one connection serves just this project; `payload` is its hook's version."""

    key: str
    id: int
    company: Company
    name: str
    owner: Owner
    connection: str = ""
    payload: str = "v2"
    is_hidden: bool = False

    @property
    def serving(self) -> str:
        """The connection that serves it; empty where none does."""
        return self.connection or self.company.connection

    @property
    def job(self) -> str:
        """The ERP's job."""
        return f"J-{self.id}"


HARBOR = Company(id=4001, name="Harbor Builders", connection="harbor")
IRONSIDE = Company(id=4002, name="Ironside Steel", connection="ironside")
CEDAR = Company(id=4003, name="Cedar & Sons", connection="cedar")
JUNIPER = Company(id=4004, name="Juniper Homes")
MERIDIAN = Company(id=4005, name="Meridian Contractors")
COMPANIES = (HARBOR, IRONSIDE, CEDAR, JUNIPER, MERIDIAN)

PEOPLE = (
    Person(key="ada", number=1, name="Ada Approver", level="admin"),
    Person(key="ben", number=2, name="Ben Builder", can_push=False),
    Person(key="cleo", number=3, name="Cleo Controller", level="read_only"),
    Person(key="dora", number=4, name="Dora Dusty", days_old=45),
    Person(key="ines", number=5, name="Ines Inactive", is_active=False),
    Person(key="omar", number=6, name="Omar Otherwise", can_export_owner_invoices="no"),
    Person(key="nora", number=7, name="Nora New", days_old=None),
    Person(key="pat", number=8, name="Pat Preparer", days_old=None),
    Person(key=SERVICE_USER, number=99, name="Invoice Export (service)", days_old=None),
)
PERSON = {person.key: person for person in PEOPLE}

LIBRARY_DISTRICT = Owner("C-100", "Harbor Library District")
PORT = Owner("C-110", "Port Authority")
QUAYSIDE = Owner("C-120", "Quayside Hotels", is_mapped=False)
TRANSIT = Owner("C-200", "Northgate Transit")
WATER = Owner("C-210", "Northgate Water Works")
HEALTH = Owner("C-300", "Cedar Valley Health")
COUNTY = Owner("C-310", "Cedar County")
GARDENER = Owner("C-400", "Juniper Gardens")
# Customers by their ids in the ERPs that Meridian bills from.
PIER_TRUST = Owner("C-510", "Harborview Development LLC")
SCHOOL_BOARD = Owner("8", "Northgate School Board")
OFFICES = Owner("Alder Street LLC", "Alder Street LLC")
GYMNASIUM = Owner("3", "Northgate Gymnasium Trust")
AIRPORT = Owner("C-550", "Regional Airport Authority")
OWNERS = (LIBRARY_DISTRICT, PORT, QUAYSIDE, TRANSIT, WATER, HEALTH, COUNTY, GARDENER)

PROJECTS = (
    Project("library", 6101, HARBOR, "Branch Library", LIBRARY_DISTRICT),
    Project("pier", 6102, HARBOR, "Pier 4 Rebuild", PORT, payload="v4"),
    Project("hotel", 6103, HARBOR, "Quayside Hotel", QUAYSIDE),
    Project("museum", 6104, HARBOR, "Maritime Museum", LIBRARY_DISTRICT, payload="v4"),
    Project("school", 6105, HARBOR, "Breakwater School", LIBRARY_DISTRICT),
    Project("ferry", 6106, HARBOR, "Ferry Terminal", PORT, payload="v4"),
    Project("market", 6107, HARBOR, "Fish Market", PORT, connection="harbor-rehearsal"),
    Project("archive", 6108, HARBOR, "City Archive", LIBRARY_DISTRICT, is_hidden=True),
    Project("mill", 6201, IRONSIDE, "Rolling Mill", TRANSIT),
    Project("depot", 6202, IRONSIDE, "Tram Depot", TRANSIT, payload="v4"),
    Project("bridge", 6203, IRONSIDE, "Canal Bridge", WATER),
    Project("plant", 6204, IRONSIDE, "Water Plant", WATER, payload="v4"),
    Project("yard", 6205, IRONSIDE, "Steel Yard", TRANSIT),
    Project("tower", 6206, IRONSIDE, "Signal Tower", TRANSIT, payload="v4"),
    Project("foundry", 6207, IRONSIDE, "Old Foundry Lofts", WATER, connection="ironside-annex"),
    Project("garage", 6208, IRONSIDE, "Bus Garage", TRANSIT),
    Project("hospital", 6301, CEDAR, "Valley Hospital", HEALTH),
    Project("campus", 6302, CEDAR, "North Campus", COUNTY, payload="v4"),
    Project("lab", 6303, CEDAR, "Research Lab", HEALTH),
    Project("court", 6304, CEDAR, "Courthouse", COUNTY, payload="v4"),
    Project("arena", 6305, CEDAR, "Ice Arena", COUNTY),
    Project("clinic", 6306, CEDAR, "Hill Clinic", HEALTH, payload="v4"),
    Project("barn", 6307, CEDAR, "Land Trust Barn", COUNTY, connection="cedar-trust"),
    Project("greenhouse", 6401, JUNIPER, "Greenhouse", GARDENER),
    Project("tower-tryton", 6501, MERIDIAN, "Harborview Tower", PIER_TRUST, connection="meridian-tryton"),
    Project("school-odoo", 6502, MERIDIAN, "Northgate School", SCHOOL_BOARD, "meridian-odoo", payload="v4"),
    Project("offices-erpnext", 6503, MERIDIAN, "Alder Street Offices", OFFICES, connection="meridian-erpnext"),
    Project("gym-quickbooks", 6504, MERIDIAN, "Northgate Gym", GYMNASIUM, "meridian-quickbooks", payload="v4"),
    Project("terminal-sage", 6505, MERIDIAN, "Airport Terminal", AIRPORT, connection="meridian-sage"),
)
PROJECT = {project.key: project for project in PROJECTS}


@dataclass(frozen=True)
class Connection:
    """What the demo writes into the connections file. `terms` are lines of it, `settings` the adapter's own."""

    name: str
    company: Company
    mode: str = "live"
    terms: str = ""
    settings: str = ""

    @property
    def book(self) -> str:
        """Its book in the ERP sandbox."""
        return self.company.connection if self.mode == "rehearse" else self.name

    @property
    def project_ids(self) -> list[int]:
        """The projects that it names; empty where it serves the whole company."""
        return [project.id for project in PROJECTS if project.connection == self.name]


CONNECTIONS = (
    Connection("harbor", HARBOR, terms='verify_approver = "above 150000"\n'),
    Connection("ironside", IRONSIDE),
    Connection("cedar", CEDAR),
    Connection("harbor-rehearsal", HARBOR, mode="rehearse"),
    Connection("ironside-annex", IRONSIDE, settings=", can_look_up = false"),
    Connection("cedar-trust", CEDAR, settings=", exports_owner_invoices = false"),
)
BOOKS = {connection.name: connection.book for connection in CONNECTIONS}


def record_date(person: Person) -> date:
    """When the person's rights were taken from Procore."""
    return TODAY - timedelta(days=person.days_old or 0)
